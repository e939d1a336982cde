import { h } from '../build.js';
import { hrefOf } from '../routes.js';

/** For a URL that names no view. @returns {import('./view.js').View} */
export function unknownView() {
  return {
    title: 'No such view',
    lead: 'The address of this page names no view. It may have been shortened when it was copied.',
    scopes: [],
    read: () => Promise.resolve([h('p', {}, h('a', { href: hrefOf('overview') }, 'Go to the overview'))]),
  };
}
