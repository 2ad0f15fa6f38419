import { printLines } from './print.ts';
import { benchStore } from './store.ts';

process.exitCode = printLines('Store', await benchStore()) ? 0 : 1;
