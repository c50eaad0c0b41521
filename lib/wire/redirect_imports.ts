/** What is no code in a text, and what may follow what: enough to tell a call from a mention. */
const TOKEN =
  /\/\*[^]*?\*\/|\/\/.*|"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'|[\p{ID_Start}$_][\p{ID_Continue}$]*|\d[\w.]*|\s+|[^]/uy;

const REGEXP = /\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/uy;

/** After these words, as after a sign, a slash begins a regular expression. */
const BEFORE_REGEXP = /^(?:return|typeof|case|in|of|delete|void|throw|new|else|do|await|yield)$/;

/**
 * Let the text of a function call `name` wherever it calls `import`. Nothing else in it changes, and
 * no place in it moves if the name is as long.
 */
export function redirectImports(source: string, name: string): string {
  let result = "";
  let last = "";
  // Braces that are open within each template that is.
  const templates: number[] = [];
  for (let at = 0; at < source.length;) {
    const token = tokenAt(source, at, last);
    at += token.length;
    const isImport = token === "import" && last !== "." && /^\s*\(/.test(source.slice(at, at + 64));
    result += isImport ? name : token;
    if (token === "`") {
      const text = templateText(source, at);
      result += text;
      at += text.length;
      if (text.endsWith("${")) templates.push(0);
    } else if (token === "{" && templates.length > 0) templates[templates.length - 1]!++;
    else if (token === "}" && templates.length > 0 && templates[templates.length - 1]!-- === 0) {
      templates.pop();
      const text = templateText(source, at);
      result += text;
      at += text.length;
      if (text.endsWith("${")) templates.push(0);
    }
    if (!/^(?:\s|\/[/*])/.test(token)) last = token;
  }
  return result;
}

function tokenAt(source: string, at: number, last: string): string {
  const value = /[\p{ID_Continue}$)\]}"'`]$/u.test(last) && !BEFORE_REGEXP.test(last);
  if (source[at] === "/" && !value && !/^[/*]/.test(source[at + 1] ?? "")) {
    REGEXP.lastIndex = at;
    const found = REGEXP.exec(source)?.[0];
    if (found !== undefined) return found;
  }
  TOKEN.lastIndex = at;
  return TOKEN.exec(source)![0];
}

/** The text of a template up to its end, or to where an expression begins in it. */
function templateText(source: string, from: number): string {
  for (let at = from; at < source.length; at++) {
    if (source[at] === "\\") at++;
    else if (source[at] === "`") return source.slice(from, at + 1);
    else if (source[at] === "$" && source[at + 1] === "{") return source.slice(from, at + 2);
  }
  return source.slice(from);
}
