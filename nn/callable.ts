// Objects that can be called. In: a subclass with a method `invoke`. Out: instances that are functions as well, so that a layer is applied
// as in PyTorch: `layer(x)`.
//
// A constructor may return another object than the one that was made for it; this one returns a function that has been given the
// class's prototype. Fields of subclasses land on the function, and `instanceof` and methods work as usual.

export abstract class Callable {
  constructor() {
    const self = (...inputs: unknown[]): unknown => (self as unknown as Callable).invoke(inputs);
    // what every function has of its own must not be in the way of fields
    for (const name of ['name', 'length']) Reflect.deleteProperty(self, name);
    return Object.setPrototypeOf(self, new.target.prototype) as unknown as Callable;
  }

  /** What calling the instance does. */
  protected abstract invoke(inputs: unknown[]): unknown;
}
