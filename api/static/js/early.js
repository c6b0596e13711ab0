// On a bad line a button is seen before the script that serves it has come: such a press is kept and made again once all scripts are there.
// Not a module: it has to listen before anything can be pressed.
{
  let pressed = null;
  const keep = (event) => {
    const button = event.target.closest('button[type="button"]');
    if (!button) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    pressed = button;
  };
  addEventListener("click", keep, true);
  // Deferred scripts and modules have run when this is told; on window, so that everybody who listens on the document came first.
  addEventListener("DOMContentLoaded", () => {
    removeEventListener("click", keep, true);
    pressed?.click();
  }, { once: true });
}
