// What the theme leaves out for those who hear the pages, or have no mouse.
document.addEventListener("DOMContentLoaded", () => {
  const label = (selector, words) =>
    document.querySelector(selector)?.setAttribute("aria-label", words);
  label(".sidebar-drawer", "All pages");
  label(".toc-drawer", "On this page");
  for (const caption of document.querySelectorAll('.caption[role="heading"]')) {
    caption.setAttribute("aria-level", "2");
  }
  if (!document.querySelector("h1")) {
    const title = document.createElement("h1");
    title.textContent = document.title.split(" - ")[0];
    document.querySelector("article, [role=main]")?.prepend(title);
  }

  // What scrolls within itself is scrolled by the keyboard, too.
  const focusable = () => {
    for (const box of document.querySelectorAll("pre, .table-wrapper")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  focusable();
  addEventListener("load", focusable);
  addEventListener("resize", focusable);
});
