const EXAMPLES = new URL("../../examples/", import.meta.url);

/** What is no source: made by a package manager, or by a build. */
const NOT_SHOWN = /^(?:node_modules|package-lock\.json|dist|\..*)$/;

/** A page with the source of an example: of one file, or of all files of a folder. */
export async function pageOfExample(name: string, isFolder: boolean): Promise<string> {
  const files = isFolder ? await filesOf(name) : [name];
  const blocks = await Promise.all(files.map(async (file) => {
    const text = await Deno.readTextFile(new URL(file, EXAMPLES));
    const heading = isFolder ? `## ${file.slice(name.length + 1)}\n\n` : "";
    return `${heading}\`\`\`\`${file.slice(file.lastIndexOf(".") + 1)}\n${text}\`\`\`\`\n`;
  }));
  return `# Example: ${name}\n\n${blocks.join("\n")}`;
}

async function filesOf(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(`${folder}/`, EXAMPLES))) {
    if (NOT_SHOWN.test(name)) continue;
    if (isDirectory) found.push(...await filesOf(`${folder}/${name}`));
    else found.push(`${folder}/${name}`);
  }
  return found.sort();
}
