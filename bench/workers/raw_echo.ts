/** The worker of the floor: sends back what it gets. */
interface WorkerScope {
  onmessage: (event: MessageEvent) => void;
  postMessage(message: unknown, transfer?: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;

scope.onmessage = ({ data }) => {
  if (typeof data !== "object") scope.postMessage(data);
  else if ("size" in data) scope.postMessage(data.size.byteLength);
  else scope.postMessage(data.bounce, [data.bounce]);
};
