export { createFake, type Fake, type FakeOptions } from './fake.ts';
