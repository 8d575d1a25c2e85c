/** The look of a report; it goes into the file itself. */
export const reportStyle = `:root {
  color-scheme: light dark;
  font:
    16px/1.5 system-ui,
    sans-serif;
}
body {
  margin: 2rem auto;
  max-width: 60rem;
  padding: 0 1rem;
}
h1,
h2 {
  line-height: 1.2;
  overflow-wrap: anywhere;
}
h2 {
  margin-top: 2rem;
}
.table {
  overflow-x: auto;
}
table {
  border-collapse: collapse;
  font-variant-numeric: tabular-nums;
  margin: 0.5rem 0 1rem;
}
th,
td {
  border-bottom: 1px solid #8886;
  max-width: 24rem;
  overflow-wrap: break-word;
  padding: 0.25rem 0.75rem 0.25rem 0;
  text-align: left;
  vertical-align: top;
}
figure {
  margin: 1rem 0;
}
figure svg {
  height: auto;
  max-width: 100%;
}
figcaption {
  color: GrayText;
}
@media print {
  section {
    break-inside: avoid;
  }
}
`;
