/**
 * Runs the program of a twin and prints how many milliseconds it took.
 *
 * @param rounds How many times; the median is printed.
 */
export async function report(rounds: number, program: () => Promise<void>): Promise<void> {
  const samples: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    await program();
    samples.push(performance.now() - start);
  }
  samples.sort((a, b) => a - b);
  console.log(samples[samples.length >> 1]);
}
