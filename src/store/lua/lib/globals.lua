-- Locals that every file of the library may use. A library has no globals while it loads: `bindGlobals` fetches them at the
-- first call.
local FOREVER = 1 / 0
local EMPTY = {}
-- How a node's connections stand to activity: `Stance` of domain/row.ts.
local OWN, INHERITED_ACTIVE, INHERITED_IDLE = 0, 1, 2
local floor, max, min, format, match, find, pack, unpackFrom, call

local function bindGlobals()
  floor, max, min, format, match, find = math.floor, math.max, math.min, string.format, string.match, string.find
  pack, unpackFrom, call = struct.pack, struct.unpack, redis.call
end
