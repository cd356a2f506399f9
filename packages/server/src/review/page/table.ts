/** Tables of figures. */
import { type Html, html, type Part } from "./html.js";
import type { Texts } from "./texts/en.js";

/** Returns a table; a sentence where it has no rows. */
export function table(texts: Texts, caption: string, heads: readonly string[], rows: readonly Part[][]): Html {
  if (rows.length === 0)
    return html`<h2>${caption}</h2>
      <p>${texts.nothing}</p>`;
  return html`<h2>${caption}</h2>
    <table>
      <thead>
        <tr>
          ${heads.map((head) => html`<th scope="col">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([first, ...rest]) =>
            html`<tr>
              <th scope="row">${first}</th>
              ${rest.map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>`;
}
