import t from 'tap';
import { entityTag, matchesEntityTag } from '../../src/http/routes/read-order.ts';

await t.test('If-None-Match is compared weakly, in lists and with a star', async (t) => {
  const tag = entityTag(2);
  t.equal(tag, '"2"');
  for (const header of ['"2"', 'W/"2"', '"1", "2"', '"1",W/"2" ,"3"', '*', ' * ']) {
    t.equal(matchesEntityTag(header, tag), true, header);
  }
  for (const header of [undefined, '', '"1"', '2', '"22"', '"1", W/"3"', 'W/2']) {
    t.equal(matchesEntityTag(header, tag), false, String(header));
  }
});
