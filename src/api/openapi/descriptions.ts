/** placeholder */
export const descriptionOf = (_type: string, _field?: string): string | undefined => undefined;
