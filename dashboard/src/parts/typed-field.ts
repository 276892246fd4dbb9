import type { RefObject } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

/**
 * For the `ref` of a field that shows `value`, and keeps what a person types until that changes: a list that is read anew
 * beside it takes nothing.
 */
export function useTypedField(value: string): RefObject<HTMLInputElement | null> {
  const field = useRef<HTMLInputElement>(null)
  useLayoutEffect(() => {
    if (field.current !== null) field.current.value = value
  }, [value])
  return field
}
