export const lazy = () => "lazily";
