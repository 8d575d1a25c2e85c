import { parameterError, parseNumber } from '#domain/parameters.ts';

/**
 * A list of numbers as people type it, apart by spaces, semicolons or commas; undefined when one is not allowed. A comma
 * within a rate is read as a decimal one where that makes an allowed number of it, as in '0,05': a list has a space too.
 */
export function parseList(text: string, name: 'batchSize' | 'maxLearningRate'): number[] | undefined {
  const parts = text.split(name === 'batchSize' ? /[\s;,]+/ : /[\s;]+|,(?=\s)/).filter(Boolean);
  const values = parts.flatMap((part) => {
    const value = parseNumber(part);
    return part.includes(',') && parameterError(name, value)
      ? part.split(',').filter(Boolean).map(parseNumber)
      : [value];
  });
  return values.length > 0 && values.every((value) => !parameterError(name, value))
    ? [...new Set(values)]
    : undefined;
}
