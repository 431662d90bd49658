// A long act says that it is being done, and can't be sent twice.
for (const form of document.querySelectorAll("form[data-working]")) {
  form.addEventListener("submit", () => {
    const working = form.querySelector(".working");
    working.querySelector("span").textContent = form.dataset.working;
    working.hidden = false;
    for (const button of form.querySelectorAll("button")) button.disabled = true;
  });
}
