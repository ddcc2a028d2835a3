import type { Rng } from '../math/rng.ts'
import * as instances from './instances.ts'

/** One kind of task: how its instances are made, how people speak of them, and how quality is scaled. */
export interface Kind {
  readonly taskType: string
  readonly make: (rng: Rng) => instances.Instance
  /**
   * The relative distance from the best known answer at which an answer is worth nothing. Solvers differ by a percent on
   * one kind and by tens of percents on another; what matters to the user is not the same distance everywhere.
   */
  readonly tolerance: number
  /** `{a|b}` stands for one of the alternatives, `$name` for a number of the instance. */
  readonly phrasings: readonly string[]
}

export const kinds: readonly Kind[] = [
  {
    taskType: 'knapsack-small',
    make: instances.smallKnapsack,
    tolerance: 0.002,
    phrasings: [
      '{Pack|Load|Fill} the {van|trolley|delivery bike} with the most valuable of $count parcels; it {carries|takes} $capacity kg and none weighs over $heaviest kg',
      'Which of $count {boxes|crates} of at most $heaviest kg should {go into|travel in} a container for $capacity kg so that the {freight|load} is worth most?',
      '{Choose|Pick} items for a $capacity kg limit: $count candidates, weights in whole kilograms up to $heaviest, greatest total value {wins|wanted}',
      'Plan the sprint: $count tickets of up to $heaviest points, $capacity points of capacity, {maximise|get the most} value',
      '{Select|Find} the best {set|selection} of $count small packages (1 to $heaviest kg each) under $capacity kg in total',
    ],
  },
  {
    taskType: 'knapsack-huge',
    make: instances.hugeKnapsack,
    tolerance: 0.02,
    phrasings: [
      '{Fill|Load} the bulk carrier: $count lots of up to $heaviest grams each, hold limit $capacity grams, {highest|greatest} revenue',
      '{Choose|Select} among $count data sets of at most $heaviest bytes for a disk of $capacity bytes, by {usefulness|value}',
      'Which of $count investments (up to $heaviest cents each) fit {a budget|a fund} of $capacity cents and {return|yield} the most?',
      '{Decide|Work out} which backups to keep: $count archives, sizes up to $heaviest bytes, quota $capacity bytes',
      'Put the most valuable of $count {ore batches|shipments} into $capacity grams of capacity, single weights reach $heaviest grams',
    ],
  },
  {
    taskType: 'subset-sum-sparse',
    make: instances.sparseSubsetSum,
    tolerance: 0.01,
    phrasings: [
      'Find which of $count {payments|transfers} of up to $largest cents add up to exactly $target cents',
      '{Reconcile|Match} an account: a subset of $count bookings (each below $largest) must {sum to|make} $target',
      '{Select|Pick} numbers from a list of $count, the largest about $largest, whose sum is exactly $target',
      'An invoice total of $target has to be {explained|composed} by some of $count huge items up to $largest',
      'Is there a {choice|combination} of the $count keys (values to $largest) that gives $target? {Show it|Name it}',
    ],
  },
  {
    taskType: 'subset-sum-dense',
    make: instances.denseSubsetSum,
    tolerance: 0.01,
    phrasings: [
      '{Hit|Reach} a total of exactly $target with some of $count amounts, none above $largest',
      '{Cut|Compose} $target millimetres from a stock of $count rods up to $largest millimetres long, {no waste|nothing left over}',
      'From $count vouchers worth at most $largest points, {redeem|use} exactly $target points',
      'Balance the ledger: choose among $count {entries|lines} up to $largest so that they {come to|total} $target',
      '{Combine|Add up} some of many ($count) weights, each up to $largest grams, to exactly $target grams',
    ],
  },
  {
    taskType: 'tour-small',
    make: instances.smallTour,
    tolerance: 0.02,
    phrasings: [
      'Shortest {round trip|tour} through $count {cities|stops} on a map of $side by $side km',
      'A courier {visits|serves} $count customers and returns; {plan|find} the shortest way',
      '{Order|Sequence} $count drill holes on a small board so that the head travels least',
      'Plan a sales trip to $count {towns|offices}, back home at the end, as few kilometres as possible',
      'In which order should the robot pick up $count {boxes|samples} to {drive|move} least?',
    ],
  },
  {
    taskType: 'tour-middle',
    make: instances.middleTour,
    tolerance: 0.04,
    phrasings: [
      '{Plan|Compute} the round of a {delivery van|postman} with $count addresses, shortest distance',
      'Route for one {technician|nurse} through $count visits in the district and back to the depot',
      '{Find|Work out} a short closed {route|tour} over $count points of interest',
      'A {drone|survey plane} inspects $count {masts|wells}; keep the flight short, area $side by $side km',
      '{Sequence|Arrange} $count pick positions in the warehouse into one short walk',
    ],
  },
  {
    taskType: 'tour-large',
    make: instances.largeTour,
    tolerance: 0.12,
    phrasings: [
      '{Plan|Find} a short tour over $count {delivery points|households} in the whole region',
      'Drill $count holes in a circuit board with {little|the least} head movement',
      '{Route|Send} the {street sweeper|meter reader} past $count addresses and home again, short overall',
      'Very large round trip: $count stops on $side by $side km, {good|short} tour wanted quickly',
      '{Order|Arrange} $count telescope targets so that the {slewing|turning} between them is least',
    ],
  },
  {
    taskType: 'graph-colouring',
    make: instances.randomColouring,
    tolerance: 0.2,
    phrasings: [
      '{Assign|Allocate} radio channels to $count transmitters, $percent % of the pairs interfere, as few channels as possible',
      'Exam slots for $count courses: $percent % of the pairs share students, {fewest|smallest number of} slots',
      'Colour a graph of $count vertices with edge density $percent % using few colours',
      'Put $count {chemicals|goods} into as few stores as possible when $percent % of the pairs must not be together',
      '{Find|Plan} the smallest number of registers for $count variables, of which $percent % of the pairs are live together',
    ],
  },
  {
    taskType: 'scheduling-valued',
    make: instances.valuedTimetable,
    tolerance: 0.1,
    phrasings: [
      '{Choose|Pick} among $count booking requests for one {hall|studio} the ones that pay most without overlap',
      'One {telescope|crane}, $count requested time windows with different value: maximise the total',
      'Which of $count adverts fill a single screen best? {Times are fixed|Slots cannot move}, prices differ',
      'A freelancer is offered $count jobs at fixed times; take the {most lucrative|best paid} set without clashes',
      '{Schedule|Select} weighted intervals on one machine: $count intervals, longest $longest minutes',
    ],
  },
  {
    taskType: 'scheduling-rooms',
    make: instances.equalTimetable,
    tolerance: 0.05,
    phrasings: [
      '{Place|Seat} as many of $count meetings as possible in $rooms rooms, no overlaps',
      '$rooms {charging points|docks} and $count fixed-time requests: serve the greatest number',
      'How many of $count {lessons|talks} fit on $rooms stages? All count the same, times are fixed',
      '{Accept|Admit} the most of $count reservations on $rooms {courts|lanes}',
      'Run as many of $count equal jobs with fixed start and end as $rooms machines allow',
    ],
  },
]
