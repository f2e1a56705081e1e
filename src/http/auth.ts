import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { AuthError, type Authenticator, type Principal, type Scope } from '../auth/principal.ts';
import { isTenantId } from '../domain/ids.ts';
import { ANY_TENANT } from '../domain/model.ts';
import { invalid } from './errors.ts';
import { ProblemError } from './problem.ts';

const CALLER = 'caller';
const TENANT = 'tenant';

/**
 * The token of an `Authorization` header.
 *
 * @throws AuthError `missing` without one, `malformed` when it is of another scheme.
 */
export const bearerToken = (header: string | undefined): string => {
  if (header === undefined) throw new AuthError('missing', 'a bearer token is required');
  const token = /^Bearer +(\S+)$/i.exec(header.trim())?.[1];
  if (token === undefined) throw new AuthError('malformed', 'the Authorization header holds no bearer token');
  return token;
};

/** The caller; set by {@link authenticate} before any other hook or handler of the API runs. */
export const callerOf = (request: FastifyRequest): Principal => request.getDecorator<Principal>(CALLER);

/** As {@link callerOf}, of any request: `undefined` while the caller is not authenticated. */
export const knownCaller = (request: FastifyRequest): Principal | undefined =>
  (request as { readonly [CALLER]?: Principal | null })[CALLER] ?? undefined;

/** The tenant a call is about; set by the route's {@link permit}. */
export const tenantOf = (request: FastifyRequest): string => request.getDecorator<string>(TENANT);

/** Prepares an instance for {@link authenticate} and {@link permit}. */
export const decorateCaller = (app: FastifyInstance): void => {
  app.decorateRequest(CALLER, null);
  app.decorateRequest(TENANT, '');
};

/** Verifies the token and remembers who it names. @throws AuthError */
export const authenticate = async (request: FastifyRequest, auth: Authenticator): Promise<Principal> => {
  const caller = await auth.verify(bearerToken(request.headers.authorization));
  request.setDecorator(CALLER, caller);
  return caller;
};

const forbidden = (detail: string, scope?: Scope): ProblemError =>
  new ProblemError(
    403,
    'forbidden',
    detail,
    scope === undefined ? {} : { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
  );

/**
 * A token of one tenant is about that tenant and may not even name it: a service that forwards a caller's `?tenant=`
 * would otherwise notice too late that it names the wrong one.
 *
 * @param isOwnersCall - the call is about tokens: a service may also name `*`, for the tokens of services.
 */
const resolveTenant = (caller: Principal, query: unknown, isOwnersCall = false): string => {
  const { tenant } = query as { readonly tenant?: unknown };
  if (caller.service === undefined) {
    if (tenant !== undefined)
      throw forbidden(
        'This token is for one tenant: leave out ?tenant=. Only a token whose tenant is "*" may set it.',
      );
    return caller.tenant;
  }
  if (isOwnersCall && tenant === ANY_TENANT) return ANY_TENANT;
  if (tenant === undefined)
    throw invalid('query.tenant is required: the tenant of this token is "*", so say which one is meant');
  if (!isTenantId(tenant))
    throw invalid('query.tenant must be 1 to 64 letters, digits, dots, underscores or hyphens');
  return tenant;
};

/** Whether the call is about the caller. A token for every tenant is no user of any tenant. */
const isOwn = (request: FastifyRequest, caller: Principal): boolean =>
  caller.service === undefined && (request.params as { readonly id?: string }).id === caller.user;

/**
 * Lets a call through only with a scope, and settles which tenant it is about. Runs before the body is read, so that
 * a caller without the right gets no hint about the request's validity.
 *
 * @param own - also allows it without the scope when the path names the caller.
 */
export const permit = (scope: Scope, { own = false } = {}): onRequestAsyncHookHandler => {
  return async (request) => {
    const caller = callerOf(request);
    if (!caller.scopes.has(scope) && !(own && isOwn(request, caller))) {
      throw forbidden(`This needs the scope ${scope}.`, scope);
    }
    request.setDecorator(TENANT, resolveTenant(caller, request.query));
  };
};

/** As {@link permit}, for calls about an owner's tokens, which services of all tenants have too. */
export const permitOwners = (scope: Scope): onRequestAsyncHookHandler => {
  return async (request) => {
    const caller = callerOf(request);
    if (!caller.scopes.has(scope)) throw forbidden(`This needs the scope ${scope}.`, scope);
    request.setDecorator(TENANT, resolveTenant(caller, request.query, true));
  };
};

/** As {@link permit}, for calls about the whole deployment: only a token for every tenant will do. */
export const permitEverywhere = (scope: Scope): onRequestAsyncHookHandler => {
  return async (request) => {
    const caller = callerOf(request);
    if (!caller.scopes.has(scope)) throw forbidden(`This needs the scope ${scope}.`, scope);
    if (caller.service === undefined) throw forbidden('This needs a token whose tenant is "*".');
  };
};
