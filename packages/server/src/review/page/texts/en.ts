/** The page in English. */
export interface Texts {
  language: string;
  title: string;
  skip: string;
  otherLanguage: string;
  signIn: string;
  signInWith: string;
  signOut: string;
  name: string;
  password: string;
  oldPassword: string;
  newPassword: string;
  changePassword: string;
  passwordChanged: string;
  queue: string;
  account: string;
  dashboard: string;
  empty: string;
  begin: string;
  card: string;
  kindTitle: string;
  uploadsTitle: string;
  kind: Record<"image" | "video", string>;
  uploads: (count: number) => string;
  banks: string;
  age: string;
  due: string;
  overdue: string;
  state: Record<"open" | "decided" | "disputed", string>;
  preview: string;
  noPreview: string;
  suggestion: string;
  noSuggestion: string;
  noLabel: string;
  saidBy: (kind: "analyst" | "source", by: string, time: string) => string;
  match: string;
  how: Record<"near" | "exact" | "copy" | "video" | "local", string>;
  bits: (distance: number) => string;
  orientation: string;
  view: string;
  source: string;
  entry: string;
  labels: string;
  reveal: string;
  revealHelp: string;
  levels: [string, string, string, string];
  noMedia: string;
  shown: string;
  hidden: string;
  loading: string;
  tooMuch: string;
  tooMuchText: string;
  goOn: string;
  takeBreak: string;
  colour: string;
  colourText: string;
  allow: string;
  cancel: string;
  answer: string;
  confirm: string;
  save: string;
  none: string;
  unsure: string;
  needed: string;
  saved: string;
  undone: string;
  undo: string;
  tooLate: string;
  choose: string;
  back: string;
  keysOn: string;
  keysOff: string;
  keysHelp: string;
  exposure: string;
  exposureText: (reveals: number, seconds: number, points: number, allowed: number | undefined) => string;
  error: string;
  needsScript: string;
  reopen: string;
  number: string;
  sources: string;
  imported: string;
  active: string;
  quarantined: string;
  flooded: string;
  nothing: string;
  action: string;
  reason: string;
  matchesByDay: string;
  day: string;
  count: string;
  withdrawals: string;
  time: string;
  duration: string;
  cards: string;
  entries: string;
  cluster: string;
  clusterUnknown: string;
  store: string;
  revision: string;
  curator: string;
  nobody: string;
  nodes: string;
  behind: string;
  answers: string;
  reported: string;
  yes: string;
  no: string;
  jobsWaiting: string;
  jobsTaken: string;
  deadLetters: string;
  shard: string;
  rescans: string;
  rescansComplete: string;
  rescansIncomplete: string;
  minutes: (count: number) => string;
  hours: (count: number) => string;
  days: (count: number) => string;
  milliseconds: (count: number) => string;
}

export const en: Texts = {
  language: "en",
  title: "Review",
  skip: "To the content",
  otherLanguage: "Français",
  signIn: "Sign in",
  signInWith: "Sign in with your organization",
  signOut: "Sign out",
  name: "Name",
  password: "Password",
  oldPassword: "Password until now",
  newPassword: "New password, at least 12 characters",
  changePassword: "Change the password",
  passwordChanged: "The password was changed. Sign in again.",
  queue: "Queue",
  account: "Account",
  dashboard: "Dashboard",
  empty: "Nothing waits for you.",
  begin: "Open the next card",
  card: "Card",
  kindTitle: "Kind",
  uploadsTitle: "Uploads",
  kind: { image: "Image", video: "Video" },
  uploads: (count) => (count === 1 ? "1 upload" : `${count} uploads, nearly the same`),
  banks: "Banks",
  age: "Age",
  due: "Left until the deadline",
  overdue: "Overdue",
  state: { open: "Open", decided: "Decided", disputed: "Disputed" },
  preview: "Some colours of the image, without its content",
  noPreview: "There is no preview of it.",
  suggestion: "Suggestion",
  noSuggestion: "Nobody has said anything about this content.",
  noLabel: "No label applies",
  saidBy: (kind, by, time) => (kind === "analyst" ? `by the analyst ${by}, ${time}` : `by the source ${by}, ${time}`),
  match: "Match",
  how: {
    near: "the same image, nearly",
    exact: "the same file",
    copy: "an altered copy",
    video: "stretches of the same video",
    local: "a part of the image",
  },
  bits: (distance) => `${distance} of 256 bits differ`,
  orientation: "Orientation",
  view: "View",
  source: "Source",
  entry: "Entry",
  labels: "Labels",
  reveal: "Reveal",
  revealHelp:
    "Hold a button or its key. The image is hidden when you let go, after 10 seconds, and when you leave the page.",
  levels: ["Small, grey, blurred", "Small, grey", "Large, grey", "Large, in colour"],
  noMedia: "The image of this card is not available here.",
  shown: "The image is shown.",
  hidden: "The image is hidden.",
  loading: "The image is being made.",
  tooMuch: "Time for a break",
  tooMuchText: "Your exposure budget of today is used. Take a break, or leave the rest to others.",
  goOn: "Go on all the same",
  takeBreak: "Take a break",
  colour: "Show colour?",
  colourText: "Colour strains more than grey. This allows it until you sign out. Then hold the key again.",
  allow: "Allow colour",
  cancel: "Cancel",
  answer: "Answer",
  confirm: "Confirm the suggestion",
  save: "Save the chosen labels",
  none: "No label applies",
  unsure: "Not sure: another person",
  needed: "Two persons must agree on this card. You do not see each other's answer.",
  saved: "The answer was saved. It counts in 10 seconds.",
  undone: "The answer was taken back.",
  undo: "Undo",
  tooLate: "It is too late to take the answer back.",
  choose: "Choose a label first, or that none applies.",
  back: "Back to the queue",
  keysOn: "Single keys are on",
  keysOff: "Single keys are off",
  keysHelp: "The key of each action is shown beside it.",
  exposure: "What you saw today",
  exposureText: (reveals, seconds, points, allowed) =>
    `${reveals} reveals, ${seconds} seconds. Budget: ${points}${allowed === undefined ? "" : ` of ${allowed}`}.`,
  error: "This did not work",
  needsScript: "Revealing and single keys need JavaScript. Everything else works without it.",
  reopen: "Open again",
  number: "Number",
  sources: "Sources",
  imported: "Last import",
  active: "Active entries",
  quarantined: "Quarantined entries",
  flooded: "Flooded entries",
  nothing: "None",
  action: "Action",
  reason: "Reason",
  matchesByDay: "Matches by day",
  day: "Day",
  count: "Count",
  withdrawals: "Withdrawals",
  time: "Time",
  duration: "Until nothing found it",
  cards: "Cards",
  entries: "Entries",
  cluster: "Cluster",
  clusterUnknown: "The status of the cluster cannot be read. The log says why.",
  store: "Store",
  revision: "Revision",
  curator: "Curator",
  nobody: "nobody",
  nodes: "Nodes",
  behind: "Revisions behind",
  answers: "Answers",
  reported: "Last report",
  yes: "yes",
  no: "no",
  jobsWaiting: "Jobs that wait",
  jobsTaken: "Jobs with workers",
  deadLetters: "Dead letters",
  shard: "Shard",
  rescans: "Rescans",
  rescansComplete: "All shards have searched the last revision.",
  rescansIncomplete: "Some shards have not searched the last revision.",
  minutes: (count) => (count === 1 ? "1 minute" : `${count} minutes`),
  hours: (count) => (count === 1 ? "1 hour" : `${count} hours`),
  days: (count) => (count === 1 ? "1 day" : `${count} days`),
  milliseconds: (count) => `${count} ms`,
};
