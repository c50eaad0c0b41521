// The floor: a program that imports nothing.
console.log(1);
