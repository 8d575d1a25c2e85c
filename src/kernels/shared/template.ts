/**
 * Expands a WGSL template. Register tiles must be written out, since drivers index an array of
 * accumulators through memory unless they unroll every loop over it, and software adapters never do.
 *
 *     //# for i in rows     repeats the lines up to its `//# end` for i = 0 … rows - 1 (or a literal count);
 *                           `previous` is i - 1 of the innermost loop
 *     //# if flag           keeps the lines when the value is true (or a number above 0)
 *     //# if !flag          the opposite
 *     //# else
 *     //# end
 *     ${name}               the value, in any line
 *
 * There is no arithmetic: WGSL folds constants itself.
 */
export type TemplateValues = Readonly<Record<string, number | boolean | string>>;

type Node =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'for'; readonly variable: string; readonly count: string; readonly body: Node[] }
  | { readonly kind: 'if'; readonly flag: string; readonly body: Node[]; readonly otherwise: Node[] };

/** @throws {SyntaxError} for a name without value and for directives that do not pair. */
export function expandTemplate(source: string, values: TemplateValues): string {
  const root: Node[] = [];
  const open: { node: Exclude<Node, { kind: 'line' }>; target: Node[] }[] = [];
  source.split('\n').forEach((text, i) => {
    const target = open.at(-1)?.target ?? root;
    const directive = /^\s*\/\/#\s*(.*?)\s*$/.exec(text)?.[1];
    if (directive === undefined) {
      target.push({ kind: 'line', text });
      return;
    }
    const loop = /^for (\w+) in (\w+)$/.exec(directive);
    const branch = /^if (!?\w+)$/.exec(directive);
    const top = open.at(-1);
    if (loop) {
      const node = { kind: 'for' as const, variable: loop[1]!, count: loop[2]!, body: [] };
      target.push(node);
      open.push({ node, target: node.body });
    } else if (branch) {
      const node = { kind: 'if' as const, flag: branch[1]!, body: [], otherwise: [] };
      target.push(node);
      open.push({ node, target: node.body });
    } else if (directive === 'else' && top?.node.kind === 'if' && top.target === top.node.body) {
      top.target = top.node.otherwise;
    } else if (directive === 'end' && top) {
      open.pop();
    } else {
      throw new SyntaxError(`template line ${i + 1}: unexpected directive "${directive}"`);
    }
  });
  if (open.length > 0) throw new SyntaxError(`template: ${open.length} directive(s) lack their end`);
  const out: string[] = [];
  emit(root, values, out);
  return out.join('\n');
}

function emit(nodes: readonly Node[], values: TemplateValues, out: string[]): void {
  for (const node of nodes) {
    if (node.kind === 'line') {
      out.push(node.text.replace(/\$\{(\w+)\}/g, (_, name: string) => String(lookUp(values, name))));
    } else if (node.kind === 'for') {
      const count = /^\d+$/.test(node.count) ? Number(node.count) : Number(lookUp(values, node.count));
      for (let i = 0; i < count; i++) emit(node.body, { ...values, [node.variable]: i, previous: i - 1 }, out);
    } else {
      const negated = node.flag.startsWith('!');
      const value = Boolean(lookUp(values, negated ? node.flag.slice(1) : node.flag));
      emit(value === negated ? node.otherwise : node.body, values, out);
    }
  }
}

function lookUp(values: TemplateValues, name: string): number | boolean | string {
  const value = values[name];
  if (value === undefined) throw new SyntaxError(`template: "${name}" has no value`);
  return value;
}
