// @ts-check
/** The lines that do what a view has just done, with a button that copies them. */

import { button, h } from "../dom.js";
import { save } from "../images.js";
import { LANGUAGES, snippets } from "../snippets.js";
import { key } from "../state.js";

/** @typedef {import("../snippets.js").Step} Step */

const CHOSEN = "ganvas.language";

/** Shows calls as curl, Python and JavaScript. */
export class Code {
  constructor() {
    this.text = h("code");
    this.said = h("span", { role: "status", class: "note" });
    /** @type {Blob|undefined} */
    this.sent = undefined;
    this.saver = button("Save the picture that was sent", () => this.sent && save(this.sent, sentName(this.sent)));
    this.choices = h("div", { role: "group", "aria-label": "Language", class: "choices" });
    this.element = h(
      "section",
      { class: "code", hidden: true, "aria-label": "The same by code" },
      h(
        "div",
        { class: "bar" },
        h("h2", {}, "The same by code"),
        this.choices,
        button("Copy", () => this.copy()),
        this.saver,
        this.said,
      ),
      h("pre", { tabindex: "0", "aria-label": "Code" }, this.text),
    );
    /** @type {Record<string, string>} */
    this.lines = {};
    for (const language of LANGUAGES)
      this.choices.append(button(language, () => this.choose(language), { "data-language": language }));
  }

  /**
   * Writes down what was done. A picture that is sent and has no name lies nowhere but here: it is offered to be saved.
   * @param {Step[]} steps
   */
  show(steps) {
    const nameless = steps.filter(({ call, input }) => call.file && !input);
    this.sent = nameless[0]?.call.file;
    this.saver.hidden = !this.sent;
    const named = steps.map((step) =>
      nameless.includes(step) ? { ...step, input: sentName(/** @type {Blob} */ (step.call.file)) } : step,
    );
    this.lines = snippets(named, key() !== "");
    this.element.hidden = false;
    this.choose(sessionStorage.getItem(CHOSEN) ?? LANGUAGES[0]);
  }

  /** @param {string} language */
  choose(language) {
    sessionStorage.setItem(CHOSEN, language);
    this.text.textContent = this.lines[language] ?? "";
    this.said.textContent = "";
    for (const choice of this.choices.children)
      choice.setAttribute("aria-pressed", String(choice.getAttribute("data-language") === language));
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(this.text.textContent ?? "");
    } catch {
      // Away from HTTPS and localhost a page has no clipboard; what is selected can be copied all the same.
      getSelection()?.selectAllChildren(this.text);
      if (!document.execCommand("copy")) {
        this.said.textContent = "Selected: press Ctrl+C.";
        return;
      }
    }
    this.said.textContent = "Copied.";
  }
}

/** @param {Blob} file */
function sentName(file) {
  return file.type === "image/jpeg" ? "sent.jpg" : "sent.png";
}
