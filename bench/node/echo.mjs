// What the workers do on Node.
export function echo(value) {
  return value;
}

export default echo;
