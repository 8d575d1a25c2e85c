/** Tags as they are typed: 'good, batch 2'. */
export function parseTags(text: string): readonly string[] {
  const tags = text.split(',').map((tag) => tag.trim().replaceAll(/\s+/g, ' ').slice(0, 40));
  return [...new Set(tags.filter((tag) => tag !== ''))];
}
