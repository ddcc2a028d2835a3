/** The same stream, with every part passed through `onPart`, and its end told once: done, failed or cancelled. */
export function watchStream<P>(
  stream: ReadableStream<P>,
  onPart: (part: P) => P,
  end: { done(): void; failed(error: unknown): void; cancelled(): void },
): ReadableStream<P> {
  const reader = stream.getReader()
  return new ReadableStream<P>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (!done) return controller.enqueue(onPart(value))
        controller.close()
        end.done()
      } catch (error) {
        end.failed(error)
        controller.error(error)
      }
    },
    async cancel(reason) {
      end.cancelled()
      await reader.cancel(reason)
    },
  })
}
