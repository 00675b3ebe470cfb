// What the server cannot do: keep a half-typed turn, send on Enter, follow the talk, notice a silence.

const $ = (selector, root = document) => root.querySelector(selector);
const words = () => $("#words");

// A half-typed turn outlives a reload and a server that went away; this tab keeps it, no disk of ours.
function keepDraft(area) {
  if (area.value) sessionStorage.setItem(area.dataset.draft, area.value);
  else sessionStorage.removeItem(area.dataset.draft);
}

function fit(area) {
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight + 2, 240)}px`;
}

// A turn that was sent, until it is answered: words are on no disk before they passed the safety rail.
const sent = () => `${words().dataset.draft}-sent`;

function take(text) {
  const area = words();
  area.value = text;
  keepDraft(area);
  fit(area);
  area.focus();
}

for (const area of document.querySelectorAll("textarea[data-draft]")) {
  area.value ||= sessionStorage.getItem(area.dataset.draft) ?? "";
  fit(area);
  area.addEventListener("input", () => { keepDraft(area); fit(area); });
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (area.value.trim()) area.form.requestSubmit();
  });
  area.form.addEventListener("submit", () => {
    // a form that leaves the page is sent whole; one that stays is cleared only once the turn was taken
    if (!area.form.hasAttribute("hx-post")) sessionStorage.removeItem(area.dataset.draft);
  });
}

if (words()?.dataset.draft.startsWith("talk-") && !$(".pending, .stopped")) {
  const unanswered = sessionStorage.getItem(sent());
  const taken = [...document.querySelectorAll(".mine .said")].at(-1)?.textContent.endsWith(unanswered);
  if (unanswered && !taken && !words().value) take(unanswered);
  sessionStorage.removeItem(sent());
}

for (const file of document.querySelectorAll("input[data-most]")) {
  file.addEventListener("change", () => {
    const large = [...file.files].some(({ size }) => size > Number(file.dataset.most));
    file.setCustomValidity(large ? "That is larger than 10 MB; split it or take a part." : "");
    file.reportValidity();
  });
}

// The talk is followed as it grows, until its reader scrolls up, and again from when they come back down.
let following = !location.hash;
let last = 0;
function follow(behavior = "smooth") {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  scrollTo({ top: document.documentElement.scrollHeight, behavior: calm ? "auto" : behavior });
}
if (!location.hash) $("textarea[data-draft], .rail, .over a")?.focus({ preventScroll: true });
if ($(".rail")) {
  following = false;
  history.scrollRestoration = "manual"; // where to get help comes before where one was
  $(".rail").scrollIntoView();
} else if ($("#thread .turn:not(.opening)")) {
  if (following) follow("auto");
} else following = false;
addEventListener("scroll", () => {
  const low = innerHeight + scrollY > document.documentElement.scrollHeight - 40;
  if (low || scrollY < last) following = low;
  last = scrollY;
}, { passive: true });
if ($("#thread")) new ResizeObserver(() => { if (following) follow(); }).observe($(".stage"));

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.elt.id !== "say" && detail.elt.id !== "silence") return;
  if (detail.xhr.status !== 200) return; // 422 tells why it was not taken; the words stay
  $("#problem").replaceChildren();
  $("#hint")?.replaceChildren();
  if (detail.elt.id !== "say") return;
  const said = detail.requestConfig.parameters.words, typed = words().value;
  sessionStorage.setItem(sent(), said); // until it is answered, or known to be on disk
  take(typed.startsWith(said) ? typed.slice(said.length) : typed); // more may be typed by now
});
document.addEventListener("htmx:sseBeforeMessage", ({ target, detail }) => {
  if (detail.type !== "whole") return;
  const said = target.closest(".pending")?.dataset.said ?? "";
  if (detail.data.includes("data-untaken") && said && !words().value) take(said);
  sessionStorage.removeItem(sent());
  $("#problem").replaceChildren();
});
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target?.id !== "thread") return;
  $("#scene")?.removeAttribute("open");
  following = true;
  follow();
});
document.addEventListener("htmx:sseClose", () => {
  document.body.dispatchEvent(new Event("turned"));
  if ($(".turn[data-ended], .rail")) location.reload();
});

// The first page says who and what is chosen, and tells each story with their name.
function choose() {
  const told = (name) => $(`[name=${name}]:checked`)?.closest(".card").querySelector("b").textContent;
  for (const name of document.querySelectorAll("[data-name]")) name.textContent = told("persona");
  $("#chosen").textContent = `${told("persona")}: ${told("scenario")}`;
}
$(".begin")?.addEventListener("change", choose);
if ($(".begin")) choose();

document.addEventListener("click", (event) => {
  const used = event.target.closest("[data-use]");
  if (used) take(used.dataset.use);
  if (used || event.target.closest("[data-close]")) {
    $("#hint").replaceChildren();
    words()?.focus();
  }
  const carried = event.target.closest("[data-words]"); // words travel in the tab, never in an address
  if (carried) sessionStorage.setItem(carried.dataset.for, carried.dataset.words);
  if (event.target.closest("[data-aside]")) $("#aside").showModal();
  if (event.target.id === "look") {
    const panel = $("#inside");
    panel.hidden = !panel.hidden;
    event.target.setAttribute("aria-expanded", String(!panel.hidden));
    if (panel.hidden) return;
    panel.dispatchEvent(new Event("look"));
    panel.scrollIntoView({ block: "nearest" });
  }
});

// The server going away and coming back.
let asking = false;
function away() {
  if (asking) return;
  asking = true;
  $("#away").hidden = false;
  const ask = async () => {
    const alive = await fetch("/alive").then((answer) => answer.ok, () => false);
    if (!alive) return setTimeout(ask, 1000);
    asking = false;
    $("#away").hidden = true;
  };
  setTimeout(ask, 1000);
}
document.addEventListener("htmx:responseError", () => {
  $("#problem").textContent = "Something unexpected happened. What was said so far is kept.";
});
document.addEventListener("htmx:sendError", away);
document.addEventListener("htmx:sseError", away);
