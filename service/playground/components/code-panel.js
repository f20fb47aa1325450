// @ts-check
/** Code for the calls that a view has just made, with a button that copies it. */

import { button, h } from "../dom.js";
import { download } from "../images.js";
import { LANGUAGES, snippets } from "../snippets.js";
import { key } from "../state.js";

/** @typedef {import("../snippets.js").Step} Step */

const LANGUAGE = "ganvas.language";

/** Shows calls as curl, Python and JavaScript. */
export class CodePanel {
  constructor() {
    this.text = h("code");
    this.status = h("span", { role: "status", class: "note" });
    /** @type {Blob|undefined} */
    this.sent = undefined;
    this.downloadButton = button("Download the uploaded image", () => {
      if (this.sent) download(this.sent, nameOf(this.sent));
    });
    this.languages = h("div", { role: "group", "aria-label": "Language", class: "languages" });
    this.element = h(
      "section",
      { class: "code", hidden: true, "aria-label": "Code for this call" },
      h(
        "div",
        { class: "bar" },
        h("h2", {}, "Code for this call"),
        this.languages,
        button("Copy", () => this.copy()),
        this.downloadButton,
        this.status,
      ),
      h("pre", { tabindex: "0", "aria-label": "Code" }, this.text),
    );
    /** @type {Record<string, string>} */
    this.snippets = {};
    for (const language of LANGUAGES)
      this.languages.append(button(language, () => this.selectLanguage(language), { "data-language": language }));
  }

  /**
   * Shows the code for some steps. An uploaded image that is not a file of the user is offered as a download.
   * @param {Step[]} steps
   */
  show(steps) {
    const unnamed = steps.filter(({ call, input }) => call.file && !input);
    this.sent = unnamed[0]?.call.file;
    this.downloadButton.hidden = !this.sent;
    const allNamed = steps.map((step) =>
      unnamed.includes(step) ? { ...step, input: nameOf(/** @type {Blob} */ (step.call.file)) } : step,
    );
    this.snippets = snippets(allNamed, key() !== "");
    this.element.hidden = false;
    this.selectLanguage(sessionStorage.getItem(LANGUAGE) ?? LANGUAGES[0]);
  }

  /** @param {string} language */
  selectLanguage(language) {
    sessionStorage.setItem(LANGUAGE, language);
    this.text.textContent = this.snippets[language] ?? "";
    this.status.textContent = "";
    for (const each of this.languages.children)
      each.setAttribute("aria-pressed", String(each.getAttribute("data-language") === language));
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(this.text.textContent ?? "");
    } catch {
      // Pages have no clipboard API except over HTTPS and on localhost; a selection can still be copied.
      getSelection()?.selectAllChildren(this.text);
      if (!document.execCommand("copy")) {
        this.status.textContent = "Selected. Press Ctrl+C to copy.";
        return;
      }
    }
    this.status.textContent = "Copied.";
  }
}

/** @param {Blob} file */
function nameOf(file) {
  return file.type === "image/jpeg" ? "upload.jpg" : "upload.png";
}
