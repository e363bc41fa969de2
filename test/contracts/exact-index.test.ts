import { vectorIndexContract } from './vector-index.ts';

vectorIndexContract('exact');
