// Imported for what it takes to import.
export {};
