// @ts-check
/** One thing that is under way: its progress, its cancelling, and the sentence when it fails. */

import { button, h } from "./dom.js";
import { Failure } from "./api.js";

const QUIET_MS = 250;

/** Runs one piece of work at a time; a new one takes the place of the one before. */
export class Task {
  /** @param {AbortSignal} life after which nothing goes on */
  constructor(life) {
    this.status = h("p", { role: "status" });
    this.bar = h("progress", { hidden: true, "aria-label": "Progress" });
    this.cancel = button("Cancel", () => this.stop("Cancelled."), { hidden: true, class: "quiet" });
    this.problem = h("p", { role: "alert", class: "problem" });
    this.element = h("div", { class: "task" }, this.status, this.bar, this.cancel, this.problem);
    /** @type {AbortController|null} */
    this.running = null;
    life.addEventListener("abort", () => this.stop(""));
  }

  /**
   * @template T
   * @param {string} what said while it takes long
   * @param {(signal: AbortSignal, progress: (done: number, of: number) => void) => Promise<T>} work
   * @returns {Promise<T|undefined>} undefined where it failed or was given up
   */
  async run(what, work) {
    this.stop("");
    const control = new AbortController();
    this.running = control;
    const late = setTimeout(() => {
      if (this.running === control) this.show(what);
    }, QUIET_MS);
    try {
      const result = await work(control.signal, (done, of) => {
        this.bar.max = of;
        this.bar.value = done;
      });
      if (this.running !== control) return undefined;
      this.finish();
      return result;
    } catch (error) {
      if (this.running !== control) return undefined; // another has taken its place, and says how it goes
      this.finish();
      this.problem.textContent = error instanceof Failure ? error.message : `This page failed: ${error}; reload it.`;
      return undefined;
    } finally {
      clearTimeout(late);
    }
  }

  /** Gives up what runs. @param {string} said */
  stop(said) {
    const running = this.running;
    this.finish();
    this.problem.textContent = "";
    this.status.textContent = said;
    running?.abort();
  }

  /** @param {string} what */
  show(what) {
    this.status.textContent = `${what} …`;
    this.bar.hidden = this.cancel.hidden = false;
  }

  finish() {
    this.running = null;
    this.status.textContent = "";
    const had_focus = document.activeElement === this.cancel;
    this.bar.hidden = this.cancel.hidden = true;
    this.bar.removeAttribute("value");
    if (had_focus) document.getElementById("main")?.focus();
  }
}
