/** The worker of the floors of shared memory. */
type Order =
  | { what: "ping"; words: Int32Array; me: number; turns: number }
  | { what: "post"; port: MessagePort | undefined; count: number }
  | { what: "count"; port: MessagePort; count: number };

interface WorkerScope {
  onmessage: (event: MessageEvent<Order>) => void;
  postMessage(message: unknown): void;
}

const scope = globalThis as unknown as WorkerScope;

scope.onmessage = ({ data }) => {
  switch (data.what) {
    case "ping": {
      const { words, me, turns } = data;
      for (let i = 0; i < turns; i++) {
        while (Atomics.load(words, 0) !== me) Atomics.wait(words, 0, 1 - me);
        words[1] = words[1]! + 1;
        Atomics.store(words, 0, 1 - me);
        Atomics.notify(words, 0);
      }
      scope.postMessage("done");
      break;
    }
    case "post": {
      const to = data.port ?? scope;
      for (let i = 0; i < data.count; i++) to.postMessage(i);
      break;
    }
    case "count": {
      let left = data.count;
      let sum = 0;
      data.port.onmessage = ({ data }) => {
        sum += data;
        if (--left === 0) scope.postMessage(sum);
      };
      break;
    }
  }
};

scope.postMessage("ready");
