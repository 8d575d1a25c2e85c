/**
 * Expands a WGSL template. Register tiles must be written out, since drivers index an array of
 * accumulators through memory unless they unroll every loop over it, and software adapters never do.
 *
 *     //# for i in rows     repeats the lines up to its `//# end` for i = 0 … rows - 1; counts are sums too
 *     //# if flag           keeps the lines when the value is true (or a number above 0)
 *     //# if !flag          the opposite
 *     //# else
 *     //# end
 *     ${name}               the value, in any line; a sum such as ${i+2*t-1} is evaluated first
 *
 * Flags, counts and placeholders may hold placeholders: `//# if isUsed${i+t}`, `${column${i}_${t}}`.
 */
export type TemplateValues = Readonly<Record<string, number | boolean | string>>;

type Node =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'for'; readonly variable: string; readonly count: string; readonly body: Node[] }
  | { readonly kind: 'if'; readonly flag: string; readonly body: Node[]; readonly otherwise: Node[] };

/** @throws {SyntaxError} for a name without value and for directives that do not pair. */
export function expandTemplate(source: string, values: TemplateValues): string {
  const out: string[] = [];
  emit(parse(source), values, out);
  return out.join('\n');
}

function parse(source: string): Node[] {
  const root: Node[] = [];
  const open: { node: Exclude<Node, { kind: 'line' }>; target: Node[] }[] = [];
  source.split('\n').forEach((text, i) => {
    const top = open.at(-1);
    const target = top?.target ?? root;
    const directive = /^\s*\/\/#\s*(.*?)\s*$/.exec(text)?.[1];
    if (directive === undefined) {
      target.push({ kind: 'line', text });
      return;
    }
    const loop = /^for (\w+) in (\S+)$/.exec(directive);
    const branch = /^if (\S+)$/.exec(directive);
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
  return root;
}

function emit(nodes: readonly Node[], values: TemplateValues, out: string[]): void {
  for (const node of nodes) {
    if (node.kind === 'line') {
      out.push(substitute(node.text, values));
    } else if (node.kind === 'for') {
      const count = Number(evaluate(substitute(node.count, values), values));
      for (let i = 0; i < count; i++) emit(node.body, { ...values, [node.variable]: i }, out);
    } else {
      const isNegated = node.flag.startsWith('!');
      const flag = substitute(isNegated ? node.flag.slice(1) : node.flag, values);
      emit(Boolean(evaluate(flag, values)) === isNegated ? node.otherwise : node.body, values, out);
    }
  }
}

function substitute(text: string, values: TemplateValues): string {
  const inner = /\$\{([^{}]+)\}/g; // placeholders without placeholders inside
  const out = text.replace(inner, (_, expression: string) => String(evaluate(expression, values)));
  return out === text ? out : substitute(out, values);
}

/** A single value, or a sum of products of numbers. */
function evaluate(expression: string, values: TemplateValues): number | boolean | string {
  const lookUp = (name: string): number | boolean | string => {
    const value = /^\d+$/.test(name) ? Number(name) : values[name];
    if (value === undefined) throw new SyntaxError(`template: "${name}" has no value`);
    return value;
  };
  if (/^\w+$/.test(expression)) return lookUp(expression);
  if (!/^\w+([+*-]\w+)*$/.test(expression))
    throw new SyntaxError(`template: cannot evaluate "${expression}"`);
  const terms = expression.replaceAll('-', '+-').split('+');
  return terms.reduce((sum, term) => {
    const factors = term.replace('-', '').split('*');
    const product = factors.reduce((value, factor) => value * Number(lookUp(factor)), 1);
    return sum + (term.startsWith('-') ? -product : product);
  }, 0);
}
