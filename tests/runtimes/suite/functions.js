/** What the task modules register. */
const limit = 10;

export class Refused extends Error {
  name = "Refused";
}

export const functions = {
  addLimit: (n) => n + limit,
  fail: () => {
    throw new Refused("no");
  },
  Refused,
};
