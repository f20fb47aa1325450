// Parser for server-sent events (WHATWG HTML, section 9.2).

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

/** Yields the events of a body, each as soon as it is complete. */
export async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent, void, undefined> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let [rest, event, data] = ["", "", [] as string[]];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const [name, text] = field(line.replace(/\r$/, ""));
        if (name === "event") event = text;
        if (name === "data") data.push(text);
        if (name === "" && text === "") {
          if (data.length > 0) yield { event, data: data.join("\n") };
          [event, data] = ["", []];
        }
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function field(line: string): [string, string] {
  const colon = line.indexOf(":");
  return colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
}
