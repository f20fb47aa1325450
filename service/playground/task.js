// @ts-check
/** A running task: its progress, its cancel button, and one sentence if it fails. */

import { Failure } from "./api.js";
import { button, h } from "./dom.js";

const SHOW_AFTER_MS = 250;

/** Runs one piece of work at a time; new work replaces what is running. */
export class Task {
  /** @param {AbortSignal} viewSignal aborts what is running */
  constructor(viewSignal) {
    this.status = h("p", { role: "status" });
    this.bar = h("progress", { hidden: true, "aria-label": "Progress" });
    this.cancel = button("Cancel", () => this.stop("Cancelled."), { hidden: true, class: "quiet" });
    this.problem = h("p", { role: "alert", class: "problem" });
    this.element = h("div", { class: "task" }, this.status, this.bar, this.cancel, this.problem);
    /** @type {AbortController|null} */
    this.running = null;
    viewSignal.addEventListener("abort", () => this.stop(""));
  }

  /**
   * @template T
   * @param {string} name shown if the work takes long
   * @param {(signal: AbortSignal, progress: (done: number, of: number) => void) => Promise<T>} work
   * @returns {Promise<T|undefined>} undefined if the work failed, was cancelled or was replaced
   */
  async run(name, work) {
    this.stop("");
    const controller = new AbortController();
    this.running = controller;
    const timer = setTimeout(() => {
      if (this.running === controller) this.show(name);
    }, SHOW_AFTER_MS);
    try {
      const result = await work(controller.signal, (done, of) => {
        this.bar.max = of;
        this.bar.value = done;
      });
      if (this.running !== controller) return undefined;
      this.finish();
      return result;
    } catch (error) {
      if (this.running !== controller) return undefined; // newer work shows its own status
      this.finish();
      this.problem.textContent = error instanceof Failure ? error.message : `This page failed: ${error}; reload it.`;
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Cancels what is running. @param {string} message */
  stop(message) {
    const running = this.running;
    this.finish();
    this.problem.textContent = "";
    this.status.textContent = message;
    running?.abort();
  }

  /** @param {string} name */
  show(name) {
    this.status.textContent = `${name} …`;
    this.bar.hidden = this.cancel.hidden = false;
  }

  finish() {
    this.running = null;
    this.status.textContent = "";
    const hadFocus = document.activeElement === this.cancel;
    this.bar.hidden = this.cancel.hidden = true;
    this.bar.removeAttribute("value");
    if (hadFocus) document.getElementById("main")?.focus();
  }
}
