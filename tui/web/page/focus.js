// Keys go to the program as soon as it is there, without a click.
const watch = new MutationObserver(() => {
  const input = document.querySelector(".xterm-helper-textarea");
  if (input) {
    watch.disconnect();
    input.focus();
  }
});
watch.observe(document, { childList: true, subtree: true });
