interface ChoiceProps<T> {
  /** Of the group of radio buttons, one of its kind on the page. */
  readonly name: string
  readonly legend: string
  readonly options: readonly { readonly value: T; readonly name: string }[]
  /** A signal, or what behaves like one. */
  readonly chosen: { value: T }
}

/** One of a few, side by side. */
export function Choice<T extends string | number>({ name, legend, options, chosen }: ChoiceProps<T>) {
  return (
    <fieldset class="choice">
      <legend class="unseen">{legend}</legend>
      {options.map(({ value, name: title }) => (
        <label key={value}>
          <input type="radio" name={name} checked={chosen.value === value} onChange={() => (chosen.value = value)} />
          {title}
        </label>
      ))}
    </fieldset>
  )
}
