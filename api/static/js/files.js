/** What somebody picks is given to `act`, also what was picked before this page's scripts had come; the field is emptied when `keep` is false. */
export function onFiles(input, act, { keep = false } = {}) {
  const take = async () => {
    const files = [...input.files];
    if (!files.length) return;
    if (!keep) input.value = ""; // the same file can be picked again
    await act(files);
  };
  input.addEventListener("change", take);
  take();
}
