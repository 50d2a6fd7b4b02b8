export interface Line { price: number; count: number }
export interface Order { id: string; lines: Line[] }
export type Priced = { id: string; net: number; gross: number; status: string };
