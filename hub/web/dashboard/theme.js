// Light, dark, or as the system says. Both looks stand in the style sheets, as media queries; a
// choice rewrites the queries, so that no colour is written down twice.

const KEY = "hub.theme";
const ASKED = "(prefers-color-scheme: dark)";
const CHOICES = ["auto", "light", "dark"];

export function themeOf() {
  try {
    const kept = localStorage.getItem(KEY);
    return CHOICES.includes(kept) ? kept : "auto";
  } catch {
    return "auto";
  }
}

export function nextTheme() {
  const next = CHOICES[(CHOICES.indexOf(themeOf()) + 1) % CHOICES.length];
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Then it holds for this page.
  }
  applyTheme(next);
  return next;
}

export function applyTheme(choice = themeOf()) {
  const query = { auto: ASKED, light: "not all", dark: "all" }[choice];
  for (const rule of dark()) rule.media.mediaText = query;
  document.documentElement.style.colorScheme = choice === "auto" ? "light dark" : choice;
}

let found = null;

function dark() {
  found ??= [...document.styleSheets].flatMap((sheet) =>
    [...sheet.cssRules].filter((rule) => rule.media?.mediaText === ASKED),
  );
  return found;
}
