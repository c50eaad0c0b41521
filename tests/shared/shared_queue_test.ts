import { SharedQueue } from "../../mod.ts";
import { testQueueing } from "../contracts/queueing.ts";

testQueueing("SharedQueue", (maxsize) => new SharedQueue<number>({ maxsize }), {
  end: (queue) => (queue as SharedQueue<number>).close(),
  robbed: "first",
});
