/** Whether the work ended within this many milliseconds. @throws what the work throws in time */
export async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([work.then(() => true as const), deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** The result of the work; undefined if it did not end within this many milliseconds. @throws what the work throws in time */
export async function resultWithin<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  return (await within(work, ms)) ? work : undefined;
}
