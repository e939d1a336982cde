/** A release that replicas of this one must be able to run beside. */
export interface Release {
  version: string;
  /** full hash; the history of the checkout must contain it */
  commit: string;
}

/** The release before this one. CONTRIBUTING.md says when to change it. */
export const PREVIOUS_RELEASE: Release = {
  version: '0.1.0',
  commit: 'c1697312863580768a21177b3a8e1dd808eb7cd1',
};
