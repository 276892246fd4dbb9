/** Tags as a person writes them, between commas. */
export function tagsOf(text: string): string[] {
  const tags = text.split(',').map((tag) => tag.trim())
  return [...new Set(tags)].filter(Boolean)
}
