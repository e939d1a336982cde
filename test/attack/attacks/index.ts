import type { Attack } from '../attack.ts';
import { deepBrackets, metadataPairs, unknownKeys } from './costly-bodies.ts';
import { bulkActions, cheapPages, expensiveQueries, grpcFlood } from './floods.ts';
import { h2load, h2spec, schemathesis, slowhttptest } from './foreign-tools.ts';
import { incompleteCalls } from './incomplete-calls.ts';
import { largeOrders } from './large-orders.ts';
import { notUtf8 } from './not-utf8.ts';
import { rapidReset } from './rapid-reset.ts';
import { connectionFlood, slowBodies, slowHeaders } from './slow-connections.ts';
import { unreadPages } from './unread-pages.ts';
import { resumeStorm, unreadStreams } from './unread-streams.ts';
import { watcherPlaces } from './watcher-places.ts';

export const ATTACKS: readonly Attack[] = [
  largeOrders,
  deepBrackets,
  metadataPairs,
  unknownKeys,
  notUtf8,
  resumeStorm,
  unreadStreams,
  watcherPlaces,
  unreadPages,
  rapidReset,
  incompleteCalls,
  cheapPages,
  grpcFlood,
  expensiveQueries,
  bulkActions,
  slowHeaders,
  slowBodies,
  connectionFlood,
  h2load,
  slowhttptest,
  schemathesis,
  h2spec,
];
