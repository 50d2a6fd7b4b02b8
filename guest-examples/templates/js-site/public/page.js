const form = document.querySelector('form');
const status = document.querySelector('[role=status]');

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const answer = await fetch(`/api/greeting?${new URLSearchParams(new FormData(form))}`);
  status.textContent = answer.ok ? (await answer.json()).message : `It failed: ${answer.status}`;
});
