// Looks again while a clip is being prepared.

const again = document.querySelector("[data-look-again]");
if (again) setTimeout(() => location.reload(), Number(again.dataset.lookAgain) * 1000);
