/** The files that an executable carries. */
export interface Contents {
  /** changes with every byte of them; a file name */
  id: string;
  /** relative paths with `/`, of files only */
  paths: readonly string[];
  read: (path: string) => Uint8Array;
}
