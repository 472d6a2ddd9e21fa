/** The report's style sheet: light, dark where the reader prefers it, and light again on paper. */
export const styleSheet = `
:root{color-scheme:light dark;--surface:#ffffff;--raised:#f5f7f9;--ink:#1f2733;--muted:#5a6472;--line:#dfe3e8;--mark:#eaf3fa;--link:#0068a8}
@media screen and (prefers-color-scheme:dark){:root{--surface:#171c23;--raised:#1f262f;--ink:#e6eaf0;--muted:#a5afbd;--line:#333c48;--mark:#1d3344;--link:#5eb3ec}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--surface);color:var(--ink);font:15px/1.55 "Open Sans","Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main,header,footer{max-width:1024px;margin:0 auto;padding:0 24px}
header{padding-top:40px}
h1{font-size:28px;line-height:1.25;margin:0;overflow-wrap:anywhere}
h2{font-size:19px;line-height:1.3;margin:0 0 14px;overflow-wrap:anywhere}
p{margin:0 0 12px;max-width:75ch;overflow-wrap:anywhere}
.subtitle{color:var(--muted);margin-top:6px}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;padding:0;margin:22px 0 0;font-size:14px}
a{color:var(--link);text-underline-offset:2px}
section{margin-top:40px}
.summary{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px;margin:24px 0 0}
.summary div{background:var(--raised);border-radius:8px;padding:12px 16px}
.summary dt{color:var(--muted);font-size:13px}
.summary dd{margin:0}
.summary .value{font-size:24px;font-weight:600;line-height:1.35;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.summary .note{color:var(--muted);font-size:13px}
figure{margin:0 0 24px}
figcaption,caption{color:var(--muted);font-size:13px;text-align:left}
figcaption{margin-top:4px;max-width:75ch}
caption{padding-bottom:6px}
.scroll{overflow-x:auto}
.scroll:focus-visible,a:focus-visible{outline:2px solid var(--link);outline-offset:2px}
.plot{margin:0 -16px}
.plot svg{display:block;max-width:100%;height:auto}
.plot .narrow{display:none}
table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums;margin:0 0 20px}
th,td{padding:5px 14px;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{padding-left:8px}
thead th,thead .number{white-space:normal}
thead th{color:var(--muted);font-weight:600;font-size:13px;vertical-align:bottom;border-bottom-width:2px}
tbody th{font-weight:400}
.facts th{color:var(--muted);white-space:nowrap;padding-right:24px}
.facts td{overflow-wrap:anywhere;min-width:12ch}
.number{text-align:right;white-space:nowrap}
.marked>*{background:var(--mark)}
.missing{color:var(--muted)}
footer{color:var(--muted);font-size:13px;padding-top:32px;padding-bottom:40px}
@media screen and (max-width:720px){main,header,footer{padding-left:16px;padding-right:16px}header{padding-top:24px}h1{font-size:23px}.plot .wide{display:none}.plot .narrow{display:block}.plot>svg{max-width:none;width:max(100%,var(--least))}th,td{padding:5px 10px}}
@media print{:root{color-scheme:light}body{font-size:10.5pt}main,header,footer{max-width:none;padding-left:0;padding-right:0}header{padding-top:0}nav{display:none}section{margin-top:22pt}h2{break-after:avoid}figure,tr,.summary div{break-inside:avoid}.scroll{overflow:visible}.plot{margin:0}thead{display:table-header-group}table{font-size:8.5pt}th,td{padding:3px 8px}thead th{font-size:8pt}.summary div,.marked>*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
@page{margin:16mm}
`;
