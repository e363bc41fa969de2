import { paletteStyle } from '../../plots/palette.ts';

/** The look of our pages: one column, figures in line, light and dark, phone, desk and paper. */
export const STYLESHEET = `
:root{color-scheme:light dark;${paletteStyle('light')};--ground:#fcfcfa;--card:#ffffff;--text:#1d2025;--line:#dfe1e5}
@media (prefers-color-scheme:dark){:root{${paletteStyle('dark')};--ground:#15171b;--card:#1d2026;--text:#e7e9ec;--line:#33373f}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;-webkit-text-size-adjust:100%;overflow-wrap:anywhere}
main{max-width:60rem;margin:0 auto;padding:2rem 1.25rem 4rem}
h1{font-size:1.9rem;line-height:1.2;margin:.15rem 0 .35rem;letter-spacing:-.01em}
h2{font-size:1.3rem;line-height:1.3;margin:3rem 0 .75rem;padding-top:1.1rem;border-top:1px solid var(--line)}
h3{font-size:1rem;line-height:1.4;margin:1.75rem 0 .35rem}
p{margin:.35rem 0 .8rem;max-width:42rem}
.eyebrow{color:var(--muted);font-size:.8rem;letter-spacing:.06em;text-transform:uppercase;margin:0}
.note{color:var(--muted);font-size:.875rem}
code,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.86em}
data{font-variant-numeric:tabular-nums;white-space:nowrap}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem;margin:1.25rem 0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.7rem .9rem}
.tile b{display:block;font-size:1.55rem;line-height:1.25;font-weight:650;letter-spacing:-.01em}
.tile span{display:block;color:var(--muted);font-size:.82rem;line-height:1.4}
.tile .name{color:var(--text);font-size:.875rem;font-weight:550}
.advice{list-style:none;padding:0;margin:.75rem 0}
.advice li{background:var(--card);border:1px solid var(--line);border-left:.3rem solid var(--warning);border-radius:.4rem;padding:.6rem .9rem;margin:.5rem 0;max-width:48rem}
.advice li.good{border-left-color:var(--positive)}
nav{font-size:.9rem;margin:.9rem 0 0}
nav a{margin-right:1.1rem;white-space:nowrap}
a{color:var(--kept)}
table{border-collapse:collapse;width:100%;margin:.6rem 0 1rem;font-size:.9rem;line-height:1.4}
caption{text-align:left;color:var(--muted);font-size:.875rem;padding-bottom:.3rem}
th,td{text-align:left;vertical-align:top;padding:.38rem .6rem .38rem 0;border-bottom:1px solid var(--line)}
th{font-weight:550;color:var(--muted);font-size:.82rem}
tbody th{color:var(--text);font-size:inherit;min-width:6rem}
th .note,th code{font-weight:400}
.n{text-align:right;padding-right:0;padding-left:.75rem;white-space:nowrap;font-variant-numeric:tabular-nums}
.whole td,.whole th{font-weight:650}
.bars{width:34%;padding-left:.75rem}
.bar{display:block;height:.72rem;margin-top:.3rem;border-radius:.15rem;background:var(--muted);width:calc(var(--share)*100%);min-width:1px}
.bar.kept{background:var(--kept)}.bar.dropped{background:var(--dropped)}.bar.known{background:var(--positive)}
dl{display:grid;grid-template-columns:minmax(6.5rem,max-content) 1fr;gap:.3rem 1.1rem;margin:.6rem 0 1rem;font-size:.92rem}
dt{color:var(--muted)}
dd{margin:0;min-width:0}
.plots{columns:2 25rem;column-gap:2.25rem}
figure{margin:0;padding:.6rem 0 1rem;min-width:0;break-inside:avoid}
figcaption{font-size:.875rem;color:var(--muted);line-height:1.45;margin-bottom:.5rem}
figcaption b{display:block;color:var(--text);font-size:1rem;font-weight:600}
figure svg{display:block;width:100%;max-width:32rem;height:auto}
details.example{border:1px solid var(--line);border-radius:.5rem;background:var(--card);margin:.5rem 0;padding:0 1rem}
details.example summary{cursor:pointer;padding:.6rem 0;font-weight:550;line-height:1.4}
details.example summary span{display:inline}
details.example:not([open]) summary span{display:inline-block;vertical-align:top;max-width:calc(100% - 1.5rem);max-height:2.8em;overflow:hidden}
details.example summary img{display:inline-block;vertical-align:middle;margin:.3rem .7rem .3rem .2rem}
details.example summary img+span,details.example:not([open]) summary img+span{display:inline-block;vertical-align:middle;max-width:calc(100% - 8rem)}
details.example p{margin:0 0 .5rem}
details.example ol{list-style:none;margin:0 0 .75rem;padding:0}
details.example li{display:grid;grid-template-columns:9.5rem 1fr;gap:.1rem .9rem;padding:.5rem 0;border-top:1px solid var(--line);font-size:.92rem;line-height:1.45}
.verdict{font-size:.82rem;font-weight:600;padding-left:.6rem;border-left:.25rem solid var(--dropped)}
.verdict span{display:block;font-weight:400;color:var(--muted)}
.positive .verdict{border-color:var(--positive)}.kept .verdict{border-color:var(--kept)}.suspect .verdict{border-color:var(--warning)}
.text{display:flow-root;min-width:0;white-space:pre-line}.text>img{float:left;margin-right:.7rem}.text .note{display:block;white-space:normal;font-size:.82rem;line-height:1.4;margin-top:.15rem}
img{display:block;max-width:6rem;max-height:6rem;border-radius:.3rem;background:#fff;margin:.1rem 0 .35rem}
summary img{max-height:4.5rem}.note img{display:inline-block;max-width:2rem;max-height:2rem;vertical-align:middle;margin:0 .2rem}
footer{margin-top:3rem;padding-top:1rem;border-top:1px solid var(--line)}
@media (max-width:34rem){table{font-size:.84rem}.n{padding-left:.35rem}tbody th{padding-right:.2rem}main{padding:1.25rem 1rem 3rem}h1{font-size:1.55rem}.bars{width:22%}.desk{display:none}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}.tiles{grid-template-columns:1fr 1fr;gap:.5rem}.tile b{font-size:1.3rem}.tile:last-child:nth-child(odd){grid-column:1/-1}details.example{padding:0 .75rem}details.example li{grid-template-columns:1fr}.verdict span{display:inline;margin-left:.6rem}}
@page{margin:16mm 14mm}
@media print{:root{${paletteStyle('light')};--ground:#fff;--card:#fff;--text:#000;--line:#bbb}body{font-size:10.5pt}main{max-width:none;padding:0}h2,h3,caption{break-after:avoid}.plots{columns:auto}table,tr,.tile,li,summary{break-inside:avoid}summary,details.example p{break-after:avoid}img{max-width:3.4rem;max-height:3.4rem}nav{display:none}.bar,.advice li,figure svg{print-color-adjust:exact;-webkit-print-color-adjust:exact}details::details-content{content-visibility:visible}}
`;
