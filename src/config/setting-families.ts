import { KAFKA_FAMILIES } from './kafka-client-settings.ts';
import { PROCESSOR_FAMILY } from './processor-environment.ts';

/** Settings whose names end freely. */
export const SETTING_FAMILIES = [...KAFKA_FAMILIES, PROCESSOR_FAMILY] as const;
