// On the page of search results, typing goes on where it began.
const field = document.querySelector("form.bd-search input");
field?.focus();
field?.select();
